"""Socket.IO: events to those who are connected, on whichever replica. `python-socketio` is loaded with the first of them."""
