"""The columns of the data and the classes of the model, in the order of every file and every answer."""

FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
CLASSES = ("setosa", "versicolor", "virginica")
HEADER = (*FEATURES, "species")
UNIT = "cm"
