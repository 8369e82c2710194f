"""Other people's metrics, to compare ours with: torch-fidelity, clean-fid and prdc.

They import torchvision, of which nothing that is called here needs anything, and whose build from
PyPI does not import beside a CPU build of PyTorch: an empty one stands in its place.
"""

import importlib.abc
import importlib.machinery
import sys
import types
import warnings


class _Anything(type):
    """Classes whose attributes are such classes too."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything(name, (), {})


class _Empty(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything(name, (), {})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torchvision":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return _Empty(spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, _Finder())
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import cleanfid.fid
    import prdc
    import torch_fidelity.feature_extractor_inceptionv3 as fidelity_inception
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_isc import isc_features_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric

__all__ = [
    "cleanfid",
    "fid_features_to_statistics",
    "fid_statistics_to_metric",
    "fidelity_inception",
    "isc_features_to_metric",
    "kid_features_to_metric",
    "prc_features_to_metric",
    "prdc",
]
