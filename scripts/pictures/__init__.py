"""Makes the pictures of the documents (`make pictures`), in some minutes and without a node.

`stage` runs the cluster, `session` has what is typed and shown, `terminal` draws the recording, `browser`
takes screenshots, and `__main__` plays it all. `made.json` beside the pictures has what they follow from, so
that a test finds pictures that are out of date without looking at them.
"""
