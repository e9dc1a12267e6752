"""Every area of the gateway stands on this: requests, people, pages, problems."""
