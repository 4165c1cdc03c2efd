package demo

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// project is a repository.
type project struct {
	name       string
	subgroup   string // that it is in where there are subgroups
	dockerfile string // BASE{name:tag} stands for the pinned reference
	remark     string // why it is left alone; empty for those that are not
	forkOf     string
	archived   bool
	files      map[string]string // besides
}

// layered is a family of images, rhel under middleware under apps, and what an
// organisation, or a group, has besides.
var layered = []project{
	{name: "rhel", dockerfile: "FROM scratch\nADD rhel.tar /\n"},
	{name: "tomcat", dockerfile: "FROM BASE{base/rhel:7.5}\nRUN yum install -y tomcat\n"},
	{name: "mysql", dockerfile: "FROM BASE{base/rhel:7.5}\nRUN yum install -y mysql-server\n"},
	{name: "redis", dockerfile: "ARG RHEL=BASE{base/rhel:7.5}\nFROM ${RHEL}\nRUN yum install -y redis\n"},
	{name: "shop", subgroup: "apps", dockerfile: "FROM BASE{middleware/tomcat:9}\nCOPY shop.war /opt/tomcat/webapps/\n"},
	{name: "billing", subgroup: "apps", dockerfile: "FROM BASE{middleware/tomcat:9}\nCOPY billing.war /opt/tomcat/webapps/\n"},
	{name: "orders", subgroup: "apps", dockerfile: "FROM BASE{middleware/mysql:8}\nCOPY schema.sql /docker-entrypoint-initdb.d/\n"},
	{name: "sessions", subgroup: "apps", dockerfile: "FROM BASE{middleware/redis:7}\nCOPY redis.conf /etc/\n"},
	{name: "try-tomcat", dockerfile: "FROM BASE{base/rhel:7.5}\n", remark: "a fork", forkOf: "tomcat"},
	{name: "attic", dockerfile: "FROM BASE{base/rhel:7.5}\n", remark: "archived", archived: true},
	{
		name: "frozen", dockerfile: "FROM BASE{base/rhel:7.5}\n", remark: "its .basekeeper.yaml says enabled: false",
		files: map[string]string{".basekeeper.yaml": "enabled: false\n"},
	},
}

// organize makes the repositories of the organisation or group. They pin what is published
// now, in a registry of that name.
func (w *World) organize(registry string) error {
	for _, p := range layered {
		files := []git.File{{Path: "Dockerfile", Content: []byte(w.pin(p.dockerfile, registry))}}
		for path, content := range p.files {
			files = append(files, git.File{Path: path, Content: []byte(content)})
		}
		options := repositoryOptions{archived: p.archived}
		if p.forkOf != "" {
			options.forkOf = w.full(p.forkOf)
		}
		if err := w.site.create(w.full(p.name), options, files...); err != nil {
			return err // it names the repository
		}
	}
	return nil
}

// Furnish publishes images and makes the repositories of the organisation
// or group. The base of the middleware has moved already. The tag next of base/rhel and of the
// middleware is where their other tags could go.
func (w *World) Furnish(ctx context.Context) error {
	if err := w.publish(ctx, firstImages); err != nil {
		return err
	}
	if err := w.organize(w.Registry); err != nil {
		return err
	}
	return w.publish(ctx, slices.Concat(movedRHEL, nextImages))
}

// full is a repository's name with its owner.
func (w *World) full(name string) string {
	i := slices.IndexFunc(layered, func(p project) bool { return p.name == name })
	if w.flavor == forge.GitLab && i >= 0 {
		return path.Join(Organization, layered[i].subgroup, name)
	}
	return Organization + "/" + name
}

// bases lists what a project is built on.
func (p project) bases() string {
	var all []string
	for _, part := range strings.Split(p.dockerfile, "BASE{")[1:] {
		base, _, _ := strings.Cut(part, "}")
		if !slices.Contains(all, base) {
			all = append(all, base)
		}
	}
	if len(all) == 0 {
		return "scratch"
	}
	return strings.Join(all, ", ")
}

// list prints projects by the names given to them, a line each.
func (s *story) list(projects []project, name func(project) string) {
	width := 0
	for _, p := range projects {
		width = max(width, len(name(p)))
	}
	for _, p := range projects {
		line := fmt.Sprintf("  %-*s  on %s", width, name(p), p.bases())
		if p.remark != "" {
			line += "; " + p.remark
		}
		s.print(line)
	}
}
