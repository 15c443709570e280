"""The screens: beside each a layout file that says where things lie; what they say comes from its view."""
