"""The hub's commands, one module per occasion. A command's module is imported only when the command is used."""
