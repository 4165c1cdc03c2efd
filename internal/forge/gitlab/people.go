package gitlab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	rest "github.com/xanzy/go-gitlab"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// people are users by number, for a merge request.
type people struct {
	reviewers, assignees []person
}

type person struct {
	name   string
	number int64
}

// numbers are what REST is told; nil for none, which leaves what is there.
func numbers(all []person) *[]int {
	if len(all) == 0 {
		return nil
	}
	ids := make([]int, len(all))
	for i, one := range all {
		ids[i] = int(one.number)
	}
	return &ids
}

// lookUpPeople finds reviewers and assignees: one request for all that are not
// known yet, none where there is nothing to look up. What cannot be found is a
// warning.
func (c *Client) lookUpPeople(ctx context.Context, p forge.Proposal, done *forge.Proposed) people {
	if p.Pull != nil && len(p.Files) > 0 { // it has its people
		return people{}
	}
	warn := func(what string, err error) { done.Warnings = append(done.Warnings, what+": "+err.Error()) }
	var reviewers []string
	for _, name := range p.Reviewers {
		if strings.Contains(name, "/") {
			warn("reviewers", fmt.Errorf("%s is a group, and GitLab asks users only: name them, or have an approval rule for the group", forge.OneLine(name)))
			continue
		}
		reviewers = append(reviewers, name)
	}
	if err := c.find(ctx, slices.Concat(reviewers, p.Assignees)); err != nil {
		warn("reviewers and assignees", err)
		return people{}
	}
	known := func(what string, names []string) (found []person) {
		for _, name := range names {
			if id := c.person(name); id != 0 {
				found = append(found, person{name, id})
			} else {
				warn(what, fmt.Errorf("there is no user %s", forge.OneLine(name)))
			}
		}
		return found
	}
	return people{reviewers: known("reviewers", reviewers), assignees: known("assignees", p.Assignees)}
}

func (c *Client) person(name string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.people[strings.ToLower(name)]
}

// find asks for those users that were not asked for before.
func (c *Client) find(ctx context.Context, names []string) error {
	c.mu.Lock()
	var unknown []string
	for _, name := range names {
		if _, ok := c.people[strings.ToLower(name)]; !ok && checkGroup(name) == nil {
			unknown = append(unknown, name)
		}
	}
	c.mu.Unlock()
	for some := range slices.Chunk(unknown, usersTogether) {
		found, err := c.users(ctx, some)
		if err != nil {
			return err
		}
		c.mu.Lock()
		for _, name := range some {
			c.people[strings.ToLower(name)] = found[strings.ToLower(name)]
		}
		c.mu.Unlock()
	}
	return nil
}

// usersTogether is how many users fit a document.
const usersTogether = 50

// users returns the numbers of users by lower-case name.
func (c *Client) users(ctx context.Context, names []string) (map[string]int64, error) {
	found := map[string]int64{}
	doc := newDocument()
	items := make([]int, len(names))
	for i, name := range names {
		items[i] = i
		doc.field(i, "user(username:%s){id username}", doc.variable("String", name))
	}
	answers, err := askAll[struct{ ID, Username string }](ctx, c, items, doc)
	switch {
	case errors.Is(err, errNoGraphQL):
		return found, c.restUsers(ctx, names, found)
	case err != nil:
		return nil, err
	}
	for i, name := range names {
		if u := answers[i].Value; u != nil {
			found[strings.ToLower(name)] = number(u.ID)
		}
	}
	return found, nil
}

func (c *Client) restUsers(ctx context.Context, names []string, found map[string]int64) error {
	for _, name := range names {
		part, resp, err := c.rest.Users.ListUsers(&rest.ListUsersOptions{Username: &name}, reading(ctx))
		if err != nil {
			return c.restError(resp, err)
		}
		for _, u := range part {
			found[strings.ToLower(u.Username)] = int64(u.ID)
		}
	}
	return nil
}

// compare warns of those that GitLab left out, as it does without a word.
func (p people) compare(m *rest.MergeRequest, done *forge.Proposed) {
	left := func(wanted []person, there []*rest.BasicUser) (names []string) {
		for _, one := range wanted {
			if !slices.ContainsFunc(there, func(u *rest.BasicUser) bool { return u != nil && int64(u.ID) == one.number }) {
				names = append(names, forge.OneLine(one.name))
			}
		}
		return names
	}
	const why = ": GitLab left out %s: not a member of the project, or more than its edition allows"
	if names := left(p.reviewers, m.Reviewers); len(names) > 0 {
		done.Warnings = append(done.Warnings, fmt.Sprintf("reviewers"+why, strings.Join(names, ", ")))
	}
	if names := left(p.assignees, m.Assignees); len(names) > 0 {
		done.Warnings = append(done.Warnings, fmt.Sprintf("assignees"+why, strings.Join(names, ", ")))
	}
}

// missing returns those of wanted that are not there.
func missing(wanted, there []string) []string {
	var left []string
	for _, w := range wanted {
		if !slices.Contains(there, w) {
			left = append(left, w)
		}
	}
	return left
}
