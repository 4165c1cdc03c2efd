package gitlab

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// registryHost is what images are named by.
const registryHost = "registry.gitlab.example"

var registryRoutes = []route{
	{pattern: "GET /projects/{id}/registry/repositories", open: true, job: true, serve: (*call).listRepositories},
	{pattern: "GET /groups/{group}/registry/repositories", serve: (*call).listGroupRepositories},
	{pattern: "DELETE /projects/{id}/registry/repositories/{repository}", role: Maintainer, job: true, serve: onRepository((*call).deleteRepository)},
	{pattern: "GET /projects/{id}/registry/repositories/{repository}/tags", open: true, job: true, serve: onRepository((*call).listTags)},
	{pattern: "DELETE /projects/{id}/registry/repositories/{repository}/tags", role: Maintainer, job: true, serve: onRepository((*call).deleteTags)},
	{pattern: "GET /projects/{id}/registry/repositories/{repository}/tags/{tag}", open: true, job: true, serve: onRepository((*call).getTag)},
	{pattern: "DELETE /projects/{id}/registry/repositories/{repository}/tags/{tag}", role: Developer, job: true, serve: onRepository((*call).deleteTag)},
	{pattern: "GET /registry/repositories/{repository}", job: true, serve: (*call).getRepository},
}

// ahead has the rest of an answer made without the lock, as a registry is
// another server, which may ask this one.
func (c *call) ahead(rest func(ctx context.Context) (int, any, error)) (int, any, error) {
	ctx := context.WithoutCancel(c.request.Context())
	c.later = func() { c.finish(rest(ctx)) }
	return 0, nil, nil
}

// repositoriesOf are the container repositories of projects, numbered when they
// are first seen.
func (c *call) repositoriesOf(ctx context.Context, projects ...*project) ([]*registryRepository, error) {
	var found []*registryRepository
	for _, p := range projects {
		if c.options.Registry == nil {
			continue
		}
		var path string
		c.locked(func() { path = p.path() })
		names, err := c.options.Registry.Repositories(ctx, path)
		if err != nil {
			return nil, err
		}
		c.locked(func() {
			for _, name := range names {
				found = append(found, c.registryRepository(p, name))
			}
		})
	}
	return found, nil
}

func (s *Server) registryRepository(p *project, name string) *registryRepository {
	for _, r := range s.repositories {
		if r.name == name {
			return r
		}
	}
	r := &registryRepository{id: s.newID(), name: name, project: p, created: s.now()}
	s.repositories[r.id] = r
	return r
}

func (c *call) listRepositories(a args) (int, any, error) {
	p := c.project
	return c.ahead(func(ctx context.Context) (int, any, error) { return c.repositoryPage(ctx, a, p) })
}

func (c *call) listGroupRepositories(a args) (int, any, error) {
	n := c.space(c.request.PathValue("group"), "group")
	if !c.seesGroup(n) {
		return 0, nil, notFound("Group")
	}
	var in []*project
	for _, p := range c.ordered {
		if p.space.within(n) && c.token.sees(p) {
			in = append(in, p)
		}
	}
	return c.ahead(func(ctx context.Context) (int, any, error) { return c.repositoryPage(ctx, a, in...) })
}

func (c *call) repositoryPage(ctx context.Context, a args, projects ...*project) (int, any, error) {
	found, err := c.repositoriesOf(ctx, projects...)
	if err != nil {
		return 0, nil, err
	}
	c.locked(func() { found = slices.DeleteFunc(found, func(r *registryRepository) bool { return r.gone }) })
	var failed error
	list := page(c, a, found, func(r *registryRepository) any {
		j, err := c.repositoryShape(ctx, r, a)
		failed = errors.Join(failed, err)
		return j
	})
	return http.StatusOK, list, failed
}

// repositoryShape is a container repository, with its tags where the parameters
// ask for them.
func (c *call) repositoryShape(ctx context.Context, r *registryRepository, a args) (jsonObject, error) {
	var path string
	c.locked(func() { path = r.project.path() })
	j := jsonObject{
		"id": r.id, "name": strings.TrimPrefix(strings.TrimPrefix(r.name, strings.ToLower(path)), "/"), "path": r.name, "project_id": r.project.id,
		"location": registryHost + "/" + r.name, "created_at": stamp(r.created), "cleanup_policy_started_at": nil, "status": nil,
		"delete_api_path": c.web + apiPath + "/projects/" + strconv.FormatInt(r.project.id, 10) + "/registry/repositories/" + strconv.FormatInt(r.id, 10),
	}
	if !a.boolean("tags") && !a.boolean("tags_count") {
		return j, nil
	}
	tags, err := c.options.Registry.Tags(ctx, r.name)
	if err != nil && !errors.Is(err, git.ErrNotFound) {
		return j, err
	}
	if a.boolean("tags") {
		j["tags"] = shaped(tags, func(tag string) any { return r.tag(tag) })
	}
	j["tags_count"] = len(tags)
	return j, nil
}

func (r *registryRepository) tag(name string) jsonObject {
	return jsonObject{"name": name, "path": r.name + ":" + name, "location": registryHost + "/" + r.name + ":" + name}
}

func (c *call) getRepository(a args) (int, any, error) {
	id, _ := strconv.ParseInt(c.request.PathValue("repository"), 10, 64) // none has number 0
	r := c.repositories[id]
	if r == nil || !c.token.sees(r.project) {
		return 0, nil, notFound("Not found")
	}
	return c.ahead(func(ctx context.Context) (int, any, error) {
		j, err := c.repositoryShape(ctx, r, a)
		return http.StatusOK, j, err
	})
}

// onRepository serves by the container repository of the path.
func onRepository(serve func(*call, args, *registryRepository) (int, any, error)) func(*call, args) (int, any, error) {
	return func(c *call, a args) (int, any, error) {
		id, err := strconv.ParseInt(c.request.PathValue("repository"), 10, 64)
		if err != nil {
			return 0, nil, wrong("repository_id is invalid")
		}
		r := c.repositories[id]
		if r == nil || r.project != c.project || r.gone {
			return 0, nil, notFound("Not found")
		}
		return serve(c, a, r)
	}
}

// deleteRepository deletes a container repository, later.
func (c *call) deleteRepository(_ args, r *registryRepository) (int, any, error) {
	if len(r.project.options.ProtectedTags)+len(r.project.options.ImmutableTags) > 0 {
		return 0, nil, forbidden()
	}
	r.gone = true
	registry := c.options.Registry
	c.jobs = append(c.jobs, func(ctx context.Context) { _ = registry.DeleteRepository(ctx, r.name) }) // GitLab would try again
	return http.StatusAccepted, nil, nil
}

func (c *call) listTags(a args, r *registryRepository) (int, any, error) {
	return c.ahead(func(ctx context.Context) (int, any, error) {
		tags, err := c.options.Registry.Tags(ctx, r.name)
		if err != nil && !errors.Is(err, git.ErrNotFound) {
			return 0, nil, err
		}
		return http.StatusOK, page(c, a, tags, func(tag string) any { return r.tag(tag) }), nil
	})
}

func (c *call) getTag(_ args, r *registryRepository) (int, any, error) {
	name := c.request.PathValue("tag")
	return c.ahead(func(ctx context.Context) (int, any, error) {
		tag, err := c.options.Registry.Tag(ctx, r.name, name)
		if err != nil {
			return 0, nil, tagError(err)
		}
		j := r.tag(name)
		j["revision"], j["short_revision"] = tag.Revision, tag.Revision[:min(9, len(tag.Revision))]
		j["digest"], j["created_at"], j["total_size"] = tag.Digest, stamp(tag.Created), tag.Size
		return http.StatusOK, j, nil
	})
}

func tagError(err error) error {
	if errors.Is(err, git.ErrNotFound) {
		return notFound("Tag")
	}
	return err
}

// protects says why a tag may not be deleted.
func (p *project) protects(tag string) error {
	for _, pattern := range slices.Concat(p.options.ProtectedTags, p.options.ImmutableTags) {
		if regexp.MustCompile(pattern).MatchString(tag) {
			return &apiError{Status: http.StatusForbidden, Message: "403 Forbidden - Tag is protected"}
		}
	}
	return nil
}

func (c *call) deleteTag(_ args, r *registryRepository) (int, any, error) {
	name := c.request.PathValue("tag")
	if err := r.project.protects(name); err != nil {
		return 0, nil, err
	}
	return c.ahead(func(ctx context.Context) (int, any, error) {
		if err := c.options.Registry.DeleteTag(ctx, r.name, name); err != nil {
			return 0, nil, tagError(err)
		}
		return http.StatusOK, nil, nil
	})
}

// deleteTags deletes many tags, later, and once an hour only. latest stays, and
// so does what is protected.
//
// Spec: GitLab's "Container registry API", delete registry repository tags in
// bulk.
func (c *call) deleteTags(a args, r *registryRepository) (int, any, error) {
	pattern := orElse(a.str("name_regex_delete"), a.str("name_regex"))
	if pattern == "" {
		return 0, nil, wrong("name_regex_delete, name_regex are missing, exactly one parameter must be provided")
	}
	drop, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return 0, nil, wrong("name_regex_delete is an invalid regexp")
	}
	keep, err := regexp.Compile("^(?:" + a.str("name_regex_keep") + ")$")
	if err != nil {
		return 0, nil, wrong("name_regex_keep is an invalid regexp")
	}
	if !r.bulk.IsZero() && c.now().Sub(r.bulk) < time.Hour {
		return 0, nil, badRequest("This request has already been made. You can run this at most once an hour for a given container repository")
	}
	r.bulk = c.now()
	s := c.Server
	c.jobs = append(c.jobs, func(ctx context.Context) {
		tags, _ := s.options.Registry.Tags(ctx, r.name) // GitLab would try again
		for _, tag := range tags {
			stays := tag == "latest" || !drop.MatchString(tag) || a.str("name_regex_keep") != "" && keep.MatchString(tag)
			s.locked(func() { stays = stays || r.project.protects(tag) != nil })
			if !stays {
				_ = s.options.Registry.DeleteTag(ctx, r.name, tag) // the same
			}
		}
	})
	return http.StatusAccepted, nil, nil
}
