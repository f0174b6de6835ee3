// One plain sentence for each event.
(function (reveille) {
  "use strict";
  const { duration, count } = reveille.durations;

  // `state`, the state after the event, is needed only to say that a task is lost.
  function sentence(event, names, state) {
    const tell = sentences.get(event.k);
    return tell ? tell(event, names, state) : `Something happened that this page does not know: ${event.k}.`;
  }

  // The tasks that an event is about, the first one being its subject.
  function tasksOf(event) {
    const by = event.by?.kind === "task" ? event.by.task : 0;
    return [event.task ?? 0, ...(event.tasks ?? []), event.parent ?? 0, event.peer ?? 0, by].filter(
      (task) => task !== 0,
    );
  }

  // Readiness as the end of "… can be" and of "waits until … can be".
  const READY = {
    r: "can be read",
    w: "can be written",
    rw: "can be read and written",
    hup: "was closed by the other side",
    err: "has an error to fetch",
  };

  const WATCHED = {
    r: "for reading",
    w: "for writing",
    rw: "for reading and writing",
    hup: "for its end",
    err: "for errors",
  };

  const sentences = new Map(
    Object.entries({
      rt_start: ({ workers }) => `A runtime starts, with ${count(workers, "thread")} to run its tasks.`,
      rt_stop: ({ how }) =>
        ({
          drop: "The runtime was dropped: whatever tasks are left are cancelled.",
          shutdown: "The runtime was shut down: whatever tasks are left are cancelled.",
          panic: "A panic shut the runtime down: whatever tasks are left are cancelled.",
        })[how],

      spawn(event, names) {
        const size = event.size === undefined ? "" : ` Its future takes ${count(event.size, "byte")}.`;
        const place = names.text(event.loc);
        const at = place === "" ? "" : ` at ${place}`;
        const task = names.task(event.task);
        if (event.kind === "block_on")
          return `block_on makes its future ${task}${at}; nothing in it has run yet.${size}`;
        const where = event.kind === "local" ? ", which stays on its thread" : "";
        const who = taskOrNone(event.parent, names);
        return `${who} spawns ${task}${where}${at}; nothing in it has run yet.${size}`;
      },
      enqueue({ task, q, depth }, names) {
        const slot = q.startsWith("lifo");
        const how = slot ? "is put into" : "joins the end of";
        return `${names.task(task)} ${how} ${queueName(q)}${slot ? "" : `, which now holds ${depth}`}.`;
      },
      steal({ from, to, tasks }, names) {
        const which = tasks.map((task) => names.task(task)).join(", ");
        const taken = count(tasks.length, "task");
        return `Worker ${to} had nothing to run and takes ${taken} from worker ${from}'s queue: ${which}.`;
      },

      poll_start({ th, task, n, q }, names) {
        const from = q === undefined ? "" : ` out of ${queueName(q)}`;
        const which = ordinal(n);
        return `${names.thread(th)} takes ${names.task(task)}${from} and polls it for the ${which} time.`;
      },
      poll_end({ task, r, wakers }, names, state) {
        const name = names.task(task);
        if (r === "ready") return `${name} returned Ready: its future is complete.`;
        if (r === "panic")
          return `${name} panicked in its poll; the panic is caught and given to whoever joins it.`;
        const stands = state?.tasks.get(task)?.state;
        if (stands === "queued")
          return `${name} returned Pending, but was woken meanwhile: it is to run again.`;
        const held =
          wakers === 0 ? "nobody holds a waker of it" : `${count(wakers, "waker")} of it ${are(wakers)} held`;
        const lost = wakers === 0 && stands === "idle" ? ", so nothing can wake it: it is lost" : "";
        return `${name} returned Pending: it waits, and ${held}${lost}.`;
      },
      slow_poll({ th, task, ns }, names) {
        const cost = `${names.thread(th)} could run nothing else`;
        return `That poll of ${names.task(task)} took ${duration(ns)}, which is too long: ${cost}.`;
      },

      wake({ task, by, effect }, names) {
        const whom = by.kind === "task" && by.task === task ? "itself" : names.task(task);
        const { who, why } = waker(by, names);
        return `${who} woke ${whom}${why}: ${EFFECTS[effect]}.`;
      },
      waker_clone: ({ task, wakers }, names) =>
        `A waker of ${names.task(task)} was cloned: ${count(wakers, "waker")} of it ${are(wakers)} held now.`,
      waker_drop({ task, wakers }, names) {
        const left = wakers === 0 ? "none is left" : `${wakers} ${are(wakers)} left`;
        return `A waker of ${names.task(task)} was dropped: ${left}.`;
      },

      park({ th, timeout }, names) {
        const name = names.thread(th);
        if (timeout === 0) return `${name} looks whether anything is ready, without sleeping.`;
        if (timeout === null) return `${name} has nothing to run and sleeps until something wakes it.`;
        return `${name} has nothing to run and sleeps, for ${duration(timeout)} at most.`;
      },
      unpark({ th, why, n }, names) {
        const reasons = {
          io: `${count(n, "source is", "sources are")} ready`,
          timer: `${count(n, "timer")} came due`,
          notify: "another thread told it to",
          spurious: "nothing is known that would have woken it",
        };
        return `${names.thread(th)} wakes up: ${reasons[why]}.`;
      },

      io_register({ src, interest, peer }, names) {
        const other = peer === undefined ? "" : ` to ${names.text(peer)}`;
        const watched = interest === undefined ? "" : `, ${WATCHED[interest]}`;
        return `${capital(names.source(src))}${other} is registered with the operating system${watched}.`;
      },
      io_deregister: ({ src }, names) => `${capital(names.source(src))} is not watched any more.`,
      io_wait: ({ src, task, dir }, names) =>
        `${names.task(task)} waits until ${names.source(src)} ${READY[dir]}.`,
      io_ready({ src, ready, waiters }, names) {
        const told = `The operating system says that ${names.source(src)} ${READY[ready]}`;
        if (waiters === undefined) return `${told}.`;
        if (waiters === 0) return `${told}, but no task waits for that.`;
        return `${told}, and ${count(waiters, "task waits", "tasks wait")} for that.`;
      },

      timer_set({ t, timer, task, deadline, level, slot }, names) {
        const place =
          level === undefined || slot === undefined ? "" : `, in level ${level}, slot ${slot} of the wheel`;
        const due = deadline > t ? `due in ${duration(deadline - t)}` : "which is due already";
        return `${taskOrNone(task, names)} sets timer ${timer}, ${due}${place}.`;
      },
      timer_fire: ({ timer, late }, names) =>
        `Timer ${timer}${timerOwner(timer, names)} came due ${duration(late)} ago and fires.`,
      timer_cancel: ({ timer }, names) => `Timer ${timer}${timerOwner(timer, names)} is cancelled.`,
      timer_cascade: ({ level, slot, n }) =>
        `The wheel moves ${count(n, "timer")} from level ${level}, slot ${slot} down to finer levels.`,

      blk_submit({ job, task, loc }, names) {
        const at = loc === undefined || names.text(loc) === "" ? "" : ` at ${names.text(loc)}`;
        return `${taskOrNone(task, names)} hands blocking job ${job} to the pool${at}.`;
      },
      blk_start: ({ th, job }, names) =>
        `${names.thread(th)} begins blocking job ${job}${jobOwner(job, names)}.`,
      blk_end: ({ th, job }, names) =>
        `Blocking job ${job}${jobOwner(job, names)} has returned on ${names.thread(th)}.`,

      block_on: (event, names) => `${names.task(event.task)} waits for ${names.resource(event)}.`,
      touch(event, names) {
        const answer = event.r === "ready" ? "ready" : "not yet";
        return `${names.task(event.task)} asks for ${names.resource(event)}: ${answer}.`;
      },
      fut_drop(event, names) {
        const how = event.done ? "which was complete" : "which was not complete: that cancels it";
        return `${names.task(event.task)} drops its wait for ${names.resource(event)}, ${how}.`;
      },
      abort: ({ task, by }, names) =>
        `${waker(by, names).who} tells ${names.task(task)} to end: its future is to be dropped.`,
      task_end: ({ task, how }, names) => `${names.task(task)} is over: ${ENDS[how]}.`,
      mark: ({ task, msg }, names) => `${task ? names.task(task) : "The program"} says: ${names.text(msg)}`,
      lost: ({ th, n }, names) =>
        `${count(n, "event")} of ${names.thread(th)} ${are(n)} missing here: what follows may be wrong.`,
    }),
  );

  const EFFECTS = {
    scheduled: "it was idle and is to run",
    resched: "it is running and will run once more after this poll",
    coalesced: "it was to run already, so nothing changes",
    noop: "it is over already, so nothing happens",
  };

  const ENDS = {
    completed: "its future returned",
    cancelled: "it was cancelled, and its future was dropped",
    panicked: "it panicked",
    shutdown: "its runtime ended, and its future was dropped",
  };

  const WHY_THE_RUNTIME = {
    abort: ", to cancel it",
    shutdown: ", to cancel it, as the runtime ends",
    budget: ", since it has used up its budget for one poll",
    join: ", since the task that it waits for is over",
  };

  // Who made a wake, and why, for before and after "woke somebody".
  function waker(by, names) {
    switch (by.kind) {
      case "task":
        return { who: names.task(by.task), why: "" };
      case "io":
        return { who: "The reactor", why: `, since ${names.source(by.src)} ${READY[by.ready]}` };
      case "timer":
        return { who: `Timer ${by.timer}`, why: ", since it is due" };
      case "blocking":
        return { who: `Blocking job ${by.job}`, why: ", since it has returned" };
      case "thread":
        return { who: `Code outside any task, on ${names.thread(by.th)},`, why: "" };
      case "runtime":
        return { who: "The runtime", why: WHY_THE_RUNTIME[by.why] ?? "" };
      default:
        return { who: "Somebody", why: "" };
    }
  }

  function queueName(q) {
    const [kind, worker] = q.split(":");
    if (kind === "global") return "the queue that all workers share";
    return kind === "lifo" ? `worker ${worker}'s slot for the task to run next` : `worker ${worker}'s queue`;
  }

  function taskOrNone(task, names) {
    return task === 0 ? "Code outside any task" : names.task(task);
  }

  function timerOwner(timer, names) {
    const task = names.timers.get(timer);
    return task ? ` of ${names.task(task)}` : "";
  }

  function jobOwner(job, names) {
    const task = names.jobs.get(job);
    return task ? ` of ${names.task(task)}` : "";
  }

  function ordinal(n) {
    if (n === 1) return "first";
    const ending = n % 100 >= 11 && n % 100 <= 13 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th");
    return `${n}${ending}`;
  }

  function are(number) {
    return number === 1 ? "is" : "are";
  }

  function capital(text) {
    return text[0].toUpperCase() + text.slice(1);
  }

  reveille.sentences = { sentence, tasksOf, queueName, waker };
})((globalThis.reveille ??= {}));
