"""Container images: what to build, with Docker or without.

`project_images` lists them, `builds` describes one, `build_contexts` collects its files, `image_builders`
chooses between `docker` and `buildah`, `run_image` runs the server's image. Nothing here talks to a
cluster.
"""
