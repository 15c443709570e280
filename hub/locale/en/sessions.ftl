# Pages between the provider of log-ins and the console.

outside-title = Logging in
outside-onwards = You are logged in.
outside-console = Go on to the console
outside-again = Log in again
