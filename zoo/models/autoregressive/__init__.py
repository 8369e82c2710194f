"""Autoregressive models: MADE, PixelCNN, gated PixelCNN and PixelCNN++."""

from zoo.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from zoo.models.autoregressive.made import MADE
from zoo.models.autoregressive.pixelcnn import PixelCNN
from zoo.models.autoregressive.pixelcnn_pp import PixelCNNPlusPlus

__all__ = ["MADE", "GatedPixelCNN", "PixelCNN", "PixelCNNPlusPlus"]
