"""Staff pages: sign in, the queue, one ticket, the review of texts."""
