package github

import (
	"context"
	"fmt"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// listNames looks repositories up by name, a hundred to a request.
func (c *Client) listNames(ctx context.Context, names []string, prefix string, found *finds) error {
	var valid []string
	seen := map[string]bool{}
	for _, name := range names {
		if seen[strings.ToLower(name)] {
			continue
		}
		seen[strings.ToLower(name)] = true
		if _, _, err := split(name); err != nil {
			found.skip(name, err)
			continue
		}
		valid = append(valid, name)
	}
	ask := func(ctx context.Context, b batch) error {
		variables := map[string]any{}
		doc := newDocument(prefixVariables(prefix, variables), variables)
		for _, i := range b.items {
			owner, name, _ := split(valid[i])
			doc.field(i, "repository(owner:%s,name:%s){"+escapePercent(repositoryFields(prefix))+"}", doc.variable("String!", owner), doc.variable("String!", name))
		}
		answers, err := askAll[repositoryNode](ctx, c, b, doc)
		if err != nil {
			return err
		}
		for _, i := range b.items {
			c.takeNamed(valid[i], answers[i], found)
		}
		return nil
	}
	owner := func(i int) string { return ownerOf(valid[i]) }
	failed := func(i int, err error) { found.skip(valid[i], err) }
	return c.each(ctx, c.batches(len(valid), owner, perRequest, weightless, 0), ask, failed)
}

// takeNamed takes what a name stands for, unless it is an old name: the token
// may not be meant for what is there now.
func (c *Client) takeNamed(name string, answer answered[repositoryNode], found *finds) {
	switch {
	case answer.Refuse != nil:
		found.skip(name, answer.Refuse)
	case answer.Value == nil:
		found.skip(name, fmt.Errorf("%w, or hidden from %s", forge.ErrNotFound, c.who()))
	case !sameName(answer.Value.NameWithOwner, name):
		found.skip(name, fmt.Errorf("it is named %s now: put that name into the configuration", answer.Value.NameWithOwner))
	default:
		found.add(answer.Value, c.knownAccount())
	}
}
