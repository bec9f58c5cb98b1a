"""Draw figures as SVG, and pictures with what is marked on them."""
