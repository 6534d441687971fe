"""Results as pictures: drawings, small HTML, charts."""
