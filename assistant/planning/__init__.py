"""What kind of work a question asks for."""
