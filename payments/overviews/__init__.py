"""What staff look at across all customers: exchanges with providers, and the comparison of their books with ours."""
