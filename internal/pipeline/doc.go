// Package pipeline is GitLab's side of a job of the CI/CD component: what its
// variables ask for ([Job.Inputs]), what started the pipeline ([ParseEvent]),
// what is to be done about it ([Decide]), and how the result gets back: outputs
// in a dotenv report, and a log with sections ([Job]).
//
// What a merge request brings is text of outsiders, names of branches included.
// Nothing in it is trusted to be more than it is compared with.
package pipeline
