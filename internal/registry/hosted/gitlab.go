package hosted

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// gitLab speaks GitLab's REST API v4 to delete tags, and the OCI API for the
// rest: GitLab's own list has the names of tags and nothing else, and its
// created_at is when the image was built.
type gitLab struct {
	api *api

	mu     sync.Mutex
	places map[string]string // by repository: the path of its tags
}

func newGitLab(a *api) *gitLab { return &gitLab{api: a, places: map[string]string{}} }

// List implements [Registry].
func (g *gitLab) List(ctx context.Context, ref image.Reference) (retention.Listing, error) {
	if err := g.api.check(ref); err != nil {
		return retention.Listing{}, err
	}
	names, err := g.api.opts.OCI.Tags(ctx, ref.Tagged(""))
	if err != nil {
		return retention.Listing{}, err
	}
	c := g.api.collect()
	for _, name := range names {
		if err := c.tag(name, "", time.Time{}); err != nil {
			return retention.Listing{}, err
		}
	}
	if err := c.resolve(ctx, ref); err != nil {
		return retention.Listing{}, err
	}
	return c.listing(), nil
}

// DeleteTag implements [Registry].
func (g *gitLab) DeleteTag(ctx context.Context, ref image.Reference) error {
	if err := g.api.checkTag(ref); err != nil {
		return err
	}
	place, err := g.place(ctx, ref)
	if err != nil {
		return err
	}
	return g.api.delete(ctx, ref, call{path: place + "/" + url.PathEscape(ref.Tag), authorize: g.authorize}, func(got answer) string {
		protected := strings.Contains(strings.ToLower(string(got.body)), "protected")
		switch {
		case got.status == http.StatusForbidden && protected:
			return "GitLab answers HTTP 403: a rule protects the tag; Settings > Packages and registries > Protected container tags"
		case got.status == http.StatusBadRequest:
			return "GitLab answers HTTP 400: the tag is protected, or the repository is being migrated or cleaned up"
		}
		return ""
	})
}

// DeleteManifest implements [Registry], by the OCI API.
func (g *gitLab) DeleteManifest(ctx context.Context, ref image.Reference) error {
	return g.api.ociDelete(ctx, ref)
}

// place returns the path of the tags of ref's repository, which is known by a
// number under its project. Where the name of the project ends and that of the
// image begins is not to be seen, so the longest is tried first, as GitLab does.
func (g *gitLab) place(ctx context.Context, ref image.Reference) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if place, known := g.places[ref.Repository]; known {
		return place, nil
	}
	var denied error
	for project := ref.Repository; strings.Contains(project, "/"); project = project[:strings.LastIndex(project, "/")] {
		id, err := g.find(ctx, project, ref.Repository)
		switch {
		case errors.Is(err, image.ErrDenied):
			denied = firstError(denied, err)
		case err != nil && !errors.Is(err, image.ErrNotFound):
			return "", err
		case id != 0:
			g.places[ref.Repository] = projectPath(project) + "/" + strconv.FormatInt(id, 10) + "/tags"
			return g.places[ref.Repository], nil
		}
	}
	return "", firstError(denied, fmt.Errorf("%w: no project that the token may see has the image repository %s at %s; deleting needs %s",
		image.ErrNotFound, ref.Repository, g.api.base.Host, g.api.trait.Needs))
}

// find returns the id of an image repository of a project; 0 where it has none
// of that path.
func (g *gitLab) find(ctx context.Context, project, repository string) (id int64, err error) {
	seen := map[int64]bool{}
	err = g.api.pages(func(page int) (bool, error) {
		var found []struct {
			ID   int64  `json:"id"`
			Path string `json:"path"`
		}
		query := url.Values{"page": {strconv.Itoa(page)}, "per_page": {strconv.Itoa(pageSize)}}
		_, err := g.api.get(ctx, call{path: projectPath(project), query: query, authorize: g.authorize}, &found)
		if err != nil {
			return false, err
		}
		before := len(seen)
		for _, r := range found {
			seen[r.ID] = true
			if strings.EqualFold(r.Path, repository) {
				id = r.ID
			}
		}
		return id == 0 && len(found) >= pageSize && len(seen) > before, nil
	})
	return id, err
}

func projectPath(project string) string {
	return "/api/v4/projects/" + url.PathEscape(project) + "/registry/repositories"
}

// authorize signs with the token: a pipeline's own has a header of its own.
func (g *gitLab) authorize(req *http.Request) {
	o := g.api.opts
	switch {
	case o.Token == "" && o.User == "gitlab-ci-token":
		req.Header.Set("JOB-TOKEN", o.Password)
	case o.token() != "":
		req.Header.Set("PRIVATE-TOKEN", o.token())
	}
}
