"""`iris console`: a page on this machine that shows what the user's own kubeconfig may read. Read-only.

`live` keeps all IrisModels by one LIST and one watch; `fleet_page` and `model_page` turn them into HTML with
`markup`; `access` admits one browser; `server` serves pages, fragments and files on loopback.
"""
