"""Requests to predictions, for every protocol: at once, in shared calls, or in chunks.

`serving` holds what is loaded and whether the server is ready, `execution` decides how a request is
computed, `batching` lets requests share a call of the model, `answer_templates` are answers encoded ahead.
Nothing here depends on HTTP.
"""
