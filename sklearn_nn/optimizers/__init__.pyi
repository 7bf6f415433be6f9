from sklearn_nn.optimizers._adam import Adam as Adam
from sklearn_nn.optimizers._adamw import AdamW as AdamW
from sklearn_nn.optimizers._sgd import SGD as SGD
