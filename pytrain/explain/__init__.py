"""What a network sees: activations, filters, where it looks, and pictures that it finds full of a thing.

network = pytrain.explain.open_network("four-shapes")
heat = pytrain.explain.grad_cam(network, frame)
picture = pytrain.explain.overlay(pytrain.as_seen(frame), heat)
"""

from pytrain.evaluation.report.heat import overlay as overlay
from pytrain.explain.activations import activations as activations
from pytrain.explain.activations import filters as filters
from pytrain.explain.dream import deep_dream as deep_dream
from pytrain.explain.dream import maximise as maximise
from pytrain.explain.grad_cam import grad_cam as grad_cam
from pytrain.explain.network import Network as Network
from pytrain.explain.network import open_network as open_network
from pytrain.explain.occlusion import occlusion as occlusion
from pytrain.explain.pictures import filter_sheet as filter_sheet
from pytrain.explain.pictures import map_sheet as map_sheet
from pytrain.explain.saliency import saliency as saliency
