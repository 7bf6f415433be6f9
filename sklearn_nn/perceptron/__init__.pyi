from sklearn_nn.perceptron._perceptron_classifier import (
    PerceptronClassifier as PerceptronClassifier,
)
