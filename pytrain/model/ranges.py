"""What published networks subtract from pixels, and divide them by."""

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue in [0, 1], as keras.applications (mode "torch") and torchvision use them."""

CAFFE_MEAN = (103.939, 116.779, 123.68)
"""Of blue, green and red in [0, 255], as keras.applications (mode "caffe") uses them."""
