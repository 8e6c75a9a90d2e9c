"""The pages about numbers and inboxes: gate, form, one service or selector, render."""
