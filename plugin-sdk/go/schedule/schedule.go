// Package schedule is points in time that the plugin sets for itself. They arrive at plugin.OnTick and survive restarts. Needs `schedule`.
package schedule

import (
	"fmt"
	"time"

	"waspnest.org/plugin"
	"waspnest.org/plugin/form"
	host "waspnest.org/plugin/wit/waspnest_plugin_schedule"
)

// Job is a job, with all that the contract lets one say of it.
type Job = host.Job

// At sets a job that is due once, at a moment. The payload comes back in the tick, as JSON; nil is none.
func At(id string, moment time.Time, payload any) error {
	return set(id, host.MakeRuleAt(uint64(moment.UnixMilli())), payload)
}

// After sets a job that is due once, so long from now.
func After(id string, delay time.Duration, payload any) error {
	return set(id, host.MakeRuleAfterMs(uint64(delay.Milliseconds())), payload)
}

// Every sets a job that is due again and again, so long apart.
func Every(id string, interval time.Duration, payload any) error {
	return set(id, host.MakeRuleEveryMs(uint64(interval.Milliseconds())), payload)
}

// Cron sets a job by a cron expression in UTC; Put has zones too.
func Cron(id, expression string, payload any) error {
	return set(id, host.MakeRuleCron(expression), payload)
}

// Put sets any job and answers when it is due first, in milliseconds since 1970.
func Put(job Job) (uint64, error) { return plugin.Asked("schedule.put", host.Put(job)) }

// Cancel removes a job and says whether it was there.
func Cancel(id string) (bool, error) { return plugin.Asked("schedule.cancel", host.Cancel(id)) }

// List is all jobs that the plugin has set in this session, ordered by id.
func List() ([]Job, error) { return plugin.Asked("schedule.list", host.List()) }

func set(id string, rule host.Rule, payload any) error {
	job := Job{Id: id, Rule: rule, Missed: host.MissedOnce}
	if payload != nil {
		kept, err := form.ToJSON(payload)
		if err != nil {
			return fmt.Errorf("payload of job %q: %w", id, err)
		}
		job.Payload = kept
	}
	_, err := Put(job)
	return err
}
