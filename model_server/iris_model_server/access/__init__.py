"""Who may call the server: keys, their rates and their ends.

`keys` is the form of a key, `credentials` finds the key in the headers of a request, `clients` is the list of
those who have one. It depends on no path. A list has the SHA-256 of keys; a key on it stays in memory once it
has come, so that its next requests need no digest.
"""
