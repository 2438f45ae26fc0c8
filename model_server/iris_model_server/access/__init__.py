"""Who may call the server: keys, their rates and their ends.

`keys` is the form of a key, `credentials` finds the key in the headers of a request, `clients` is the list of
those who have one. It depends on no path and keeps no key: a list has their SHA-256.
"""
