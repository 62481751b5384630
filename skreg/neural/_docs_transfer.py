"""Parts of the docstrings of the estimators that fine-tune a net."""

PARTS = {
    "intro": """
    The layers of a net that was fitted to other data, or other targets, are a better beginning than random ones. They
    are easily destroyed by training on few rows; L2-SP, smaller learning rates of the first layers, frozen layers and
    gradual unfreezing keep what they have learned.""",
    "common": """
    pretrained : FrozenEstimator
        A fitted net inside ``sklearn.frozen.FrozenEstimator``, which keeps its fit when this estimator is cloned: a
        perceptron, a convolutional net, a recurrent net or a transformer, a classifier or a regressor, another
        fine-tuned net, or an `Autoencoder`, whose layers up to the narrowest are taken over. It is never changed. A net
        that is not frozen is refused.
    l2_sp : float, default=0.0
        Strength of the decay towards the pretrained parameters (L2-SP [1]_, eq. 2), in [0, inf]. It replaces
        `weight_decay` in all layers that are taken over, biases and scales of normalization included, and is
        decoupled from the gradient: after a step, the distance to the pretrained parameters is divided by
        ``1 + learning_rate * l2_sp``. Infinity freezes these layers; 0 leaves them to the `weight_decay` of the net.
        The defaults of this and of the next three parameters are plain fine-tuning, since none of them was better for
        sure with every number of labels on the data that chose them (``python -m benchmarks transfer``). Usual
        values lie between 0.1 and 10.
    layer_rate_decay : float or dict, default=1.0
        Factor of the learning rate from each layer to the one before it, in [0, 1], so that the first layers, which
        are the most general, change least (discriminative fine-tuning [2]_, section 3.2). Or a dict with the factor
        of single layers by their names, such as ``{"conv1": 0.1}``, finite and at least 0; layers that it leaves out
        have 1. Layers of factor 0 are frozen.
    unfreeze : int or None, default=None
        With a number, only the output layer trains at first, and after every so many epochs one more layer, from the
        last to the first (gradual unfreezing [2]_, section 3.3). With at least `max_iter`, no other layer ever trains.
        None trains all layers from the beginning.
    frozen : int or sequence of str, default=0
        Number of the first layers that never train, or names of layers. Frozen layers keep the statistics of batch
        normalization, and have no backward pass below the first layer that trains.""",
    "training": """
    dropout, input_dropout, input_noise, feature_mask : default="source"
    mixup, augmenter, adversarial_epsilon, sam_rho : default="source"
    weight_decay, l2, l1 : default="source"
    max_norm, clip_norm, averaging, optimizer, learning_rate : default="source"
    momentum, schedule, warmup, strength_schedule, batch_size : default="source"
    max_iter, early_stopping, validation_fraction, patience : default="source"
    min_delta, monitor : default="source"
        Parameters of the net, described at `DropoutMLPClassifier` and `DropoutMLPRegressor`. "source" is the value of
        the pretrained net; where that is not of the same kind, `monitor` and what it does not have are the defaults of
        the new one. Values for every layer are those of the layers that remain of an `Autoencoder`.""",
    "state": """
    random_state : int, RandomState instance or None, default=None
        Decides the weights of a new output layer, the order of rows, noise and validation rows.
    verbose : bool, default=False
        Whether to print a line after every epoch.""",
    "attributes": """
    estimator_ : net of the family of `pretrained`
        The fine-tuned net, with its curves, its `weights_` and `predict_uncertainty`. An epoch -1 in `best_iter_` is
        the starting point.
    new_head_ : bool
        Whether the output layer is a new one.
    n_iter_ : int
        Number of epochs.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Those of X; if `pretrained` has names, too, they must agree.""",
    "raises": """
    Raises
    ------
    TypeError
        When `pretrained` is not frozen.
    ValueError
        When `pretrained` is not fitted or holds no net, when X does not fit it (other features, another size of images
        where the weights depend on it, other channels), and when `frozen` or `layer_rate_decay` name an unknown
        layer.""",
    "notes": """
    The names of the layers are "conv1", "conv2", ... for convolutions and residual blocks, "embedding" and
    "recurrent1", ... for recurrent nets, "embedding" and "block1", ... for transformers, "hidden1", ... for dense
    layers, and "output".

    X must be transformed as it was for the pretrained net, with its means and scales, not with new ones:
    ``make_pipeline(FrozenEstimator(scaler), model)``, where `model` is this estimator.

    The layers of recurrent nets, and of convolutional nets with ``global_pooling=True``, do not depend on the length of
    sequences or the size of images, which may be others here.

    With early stopping, the starting point counts as the epoch before the first, and is restored where no epoch is
    better. It is the pretrained net where the output layer is kept; a new output layer begins at random. Without early
    stopping the last epoch is kept, better or not. ``early_stopping="auto"`` holds out a part of the rows, if there
    are at least 50; "cv" cross-validates the epoch, which takes two to four times as long, and trains on all rows.""",
    "references": """
    .. [1] X. Li, Y. Grandvalet, F. Davoine, "Explicit inductive bias for transfer learning with convolutional
       networks", ICML 2018.
    .. [2] J. Howard, S. Ruder, "Universal language model fine-tuning for text classification", ACL 2018.""",
}


def documented(cls):
    """Insert the parts where the docstring has their names in angle brackets."""
    for name, text in PARTS.items():
        cls.__doc__ = cls.__doc__.replace(f"\n    <{name}>", text)
    return cls
