"""What boxes, polygons and masks are, without OpenCV."""
