namespace IterableAudience.Hosting;

/// <summary>Shows a problem to somebody who looks at a page; the status is set already.</summary>
internal delegate Task ErrorPage(HttpContext context, ProblemAnswer problem);
