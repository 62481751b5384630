"""A property that is computed once."""


class cached_property:
    """`functools.cached_property` without the lock of Python 3.11.

    That lock is one for all instances: threads wait for each other's values, and a child that is forked meanwhile waits
    for ever. Here, two threads that ask at the same time both compute the value, and the last one is kept.
    """

    def __init__(self, compute):
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        value = self.compute(instance)
        instance.__dict__[self.name] = value  # found before this descriptor from now on
        return value
