"""The pages of money in: `topup` and `deposits` for customers; each other subject in a module of its own."""
