// Package action is GitHub's side of the action: what a workflow asks for
// ([Job.Inputs]), what has happened ([ParseEvent]), what is to be done about
// it ([Decide]), and how the result gets back to the workflow: outputs, job
// summary and annotations ([Job]).
//
// An event's payload is text of outsiders wherever a pull request is concerned.
// Nothing in it is trusted to be more than it is compared with.
package action
