"""What takes two: acts that wait in a row until another person says yes or no."""
