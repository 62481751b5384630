"""What joblib sends to the worker processes of a cluster."""

from joblib.parallel import get_active_backend


def check_can_be_sent(**named):
    """Raise TypeError for an argument that cannot be pickled where joblib sends it to Dask's workers.

    joblib would wait for ever for an answer (1.5). Its other backends raise an error of their own.
    """
    if type(get_active_backend()[0]).__module__ != "joblib._dask":
        return
    import cloudpickle  # Dask needs it

    for name, value in named.items():
        try:
            cloudpickle.dumps(value)
        except Exception as error:
            raise TypeError(
                f"{name} goes to worker processes and must be picklable; got {value!r}: {error}."
            ) from error
