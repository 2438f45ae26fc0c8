"""The pages for people: the trial page and the description of the API.

`pages` loads the HTML files beside it. They are whole files without a build step and load nothing from
elsewhere.
"""
