package github

import (
	"net/http"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

func getRef(c *call) (int, any, error) {
	name := "refs/" + c.request.PathValue("ref")
	id, ok := c.repo.git.Ref(name)
	if !ok {
		return 0, nil, notFound()
	}
	return http.StatusOK, c.links.ref(c.repo, name, id), nil
}

func matchingRefs(c *call) (int, any, error) {
	found := []any{}
	for _, name := range c.repo.git.Refs("refs/" + c.request.PathValue("ref")) {
		id, _ := c.repo.git.Ref(name)
		found = append(found, c.links.ref(c.repo, name, id))
	}
	return http.StatusOK, found, nil
}

func postRef(c *call) (int, any, error) {
	var in struct {
		Ref string
		SHA git.ID
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	if _, exists := c.repo.git.Ref(in.Ref); exists {
		return 0, nil, unprocessable("Reference already exists")
	}
	if strings.Count(in.Ref, "/") < 2 || !strings.HasPrefix(in.Ref, "refs/") {
		return 0, nil, unprocessable("Reference name must contain at least three slash-separated components.")
	}
	return c.move(refMove{name: in.Ref, to: in.SHA}, false, http.StatusCreated)
}

func patchRef(c *call) (int, any, error) {
	var in struct {
		SHA   git.ID
		Force bool
	}
	if err := c.decode(&in); err != nil {
		return 0, nil, err
	}
	m := refMove{name: "refs/" + c.request.PathValue("ref"), to: in.SHA}
	var exists bool
	if m.from, exists = c.repo.git.Ref(m.name); !exists {
		return 0, nil, unprocessable("Reference does not exist")
	}
	return c.move(m, in.Force, http.StatusOK)
}

func removeRef(c *call) (int, any, error) {
	m := refMove{name: "refs/" + c.request.PathValue("ref")}
	var exists bool
	if m.from, exists = c.repo.git.Ref(m.name); !exists {
		return 0, nil, unprocessable("Reference does not exist")
	}
	if _, _, err := c.move(m, true, 0); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, nil
}

func (c *call) move(m refMove, force bool, status int) (int, any, error) {
	if err := c.checkMove(c.repo, m, force); err != nil {
		return 0, nil, err
	}
	if m.from != m.to {
		c.moveRefs(c.repo, c.actor(), m)
	}
	return status, c.links.ref(c.repo, m.name, m.to), nil
}
