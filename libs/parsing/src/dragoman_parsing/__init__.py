"""Documents into Markdown: DOCX, HTML, PDF and pictures."""
