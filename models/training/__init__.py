"""Reading the training sets, training, calibrating and exporting. Nothing here is needed to score."""
