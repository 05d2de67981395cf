"""Pure views of plans and runs: text, JSON-able data, HTML, JUnit, CSV. No file of a user is read or written here."""
