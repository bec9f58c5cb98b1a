"""Contact sheets: pictures side by side with their annotations drawn on them."""
