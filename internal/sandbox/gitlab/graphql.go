package gitlab

func (c *call) graphql() { c.fail(notFound("Route")) }
