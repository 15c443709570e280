"""What members may demand of their data: to see it, take it along, have it destroyed; and when it ends by itself."""
