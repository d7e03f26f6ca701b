"""Users, login, tokens and keys: who may call Octavo, and how everybody else can tell without asking."""
