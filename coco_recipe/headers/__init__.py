"""What a picture's file says of itself, and whether it is whole; nothing is decoded."""
