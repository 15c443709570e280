"""The kiosk's screens, drawn with Kivy. The only package that may import Kivy.

It draws frames and reports intents; it knows no store, no link, no reader and no rules. Import `kiosk.ui.app` to use
it: importing this package alone opens no window.
"""
