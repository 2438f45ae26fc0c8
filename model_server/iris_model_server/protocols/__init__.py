"""The three HTTP APIs: bytes of a request to a call of `prediction`, and back.

`native` has our own routes, `v1` and `v2` KServe's and the Open Inference Protocol's with their routes in
`standards`. `inference` and `decoding` read native bodies, `chunks` large ones, `duplicates` refuses
names that come twice, `columns` writes columnar answers, `openapi` describes it all. No model is opened here.
"""
