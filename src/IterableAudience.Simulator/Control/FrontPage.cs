using System.Net;
using System.Text;
using IterableAudience.Simulator.Projects;

namespace IterableAudience.Simulator.Control;

/// <summary>The page at <c>/</c>: what this is, how far it can be trusted, and how it stands now.</summary>
internal static class FrontPage
{
    private const string Head =
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>Iterable simulator</title>
        <style>
        body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; color: #1d2430; }
        table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
        th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #d8dee8; }
        code { background: #eef1f6; padding: 0 .25rem; } .mark { white-space: nowrap; font-weight: 600; }
        </style></head><body>
        <h1>Iterable simulator</h1>
        <p>This is <strong>not Iterable</strong>. It answers the list calls of Iterable's API from memory, so that a sync can be tried and tested
        without a live project. How far each answer can be trusted:</p>
        <ul>
        <li><strong>Documented</strong>: Iterable's API reference or help pages say so.</li>
        <li><strong>Recorded</strong>: answers of the real service, kept by open-source clients, show it; the oldest are from 2017, none is of a hybrid project.</li>
        <li><strong>Assumed</strong>: nobody says. It is a careful guess; a setting changes it where the guess matters.</li>
        </ul>
        """;

    private static readonly (string Trust, string Fact)[] Facts =
    [
        ("Documented", "Routes, fields and the ten failure lists of subscribe and unsubscribe; a partial failure is a 200. conflictEmails and conflictUserIds hold existing identifiers that stood in the way."),
        ("Documented", "Project types: unique keys, who is created, placeholder addresses, preferUserId in email-based projects only, updateExistingUsersOnly in the others only."),
        ("Documented", "userId of 1 to 52 printable ASCII characters, exact, no trailing space; e-mail kept in lower case, its form by Apache Commons with known top-level domains (here: country codes and the common generic ones)."),
        ("Documented", "channelUnsubscribe is false unless sent; true takes the person off the whole channel. Forgotten people are refused. A list in use can't be deleted (409)."),
        ("Documented", "Read limits: lists and users 100 a second, getUsers and size 5 a minute (only with <code>documentedReadLimits</code>)."),
        ("Recorded", "Malformed addresses come back as sent; empty subscribers and unsubscribing a non-member are successes; a dynamic list is accepted without a word."),
        ("Recorded", "An unknown list is a 400 whose code is \"Success\"; one mistyped row refuses the whole call; the text of BadJsonBody repeats the body and all headers, the API key included; wrong paths and empty bodies get HTML."),
        ("Recorded", "429 as RateLimitExceeded without Retry-After (a setting adds one); a changed membership shows late, up to 40 s (<code>membershipDelayMs</code>, default 0); a new list can be unknown for a while (<code>newListDelayMs</code>, default 0)."),
        ("Assumed", "Unknown people: listed in notFound* and counted in failCount, on unsubscribe too. In hybrid rows with both identifiers the userId is listed."),
        ("Assumed", "Hybrid conflicts: an e-mail that another profile holds fails the row and is listed in conflictEmails (<code>conflicts: holder</code> lists the other profile's userId instead, which may be that of another row); an e-mail nobody holds moves to the userId's profile."),
        ("Assumed", "A userId unknown to an email-based project, or an e-mail alone in a userId-based one, fails its row (<code>unidentifiableRows: refuses-the-call</code> makes it a 400); a row with neither refuses the call."),
        ("Assumed", "Read-only and client-side keys get 401 \"insufficient privileges\"; a key of the other data center is an unknown key; a body above 4,000,000 bytes is a 413; list names may repeat; duplicates in a batch each count; blanks around an address are refused."),
        ("Assumed", "Dynamic, suppression and internal lists keep their members whatever is sent."),
    ];

    public static string Render(World world)
    {
        var page = new StringBuilder(Head);
        page.Append("<table><tr><th>Trust</th><th>What</th></tr>");
        foreach (var (trust, fact) in Facts)
            page.Append(null, $"<tr><td class=\"mark\">{trust}</td><td>{fact}</td></tr>\n");
        page.Append("</table><h2>Now</h2>");
        foreach (var project in world.Projects)
            AppendProject(page, project);
        var counters = world.Log.Counters;
        page.Append(null, $"<p>{counters.Total} calls so far, at most {counters.MaxInFlight} at once, {counters.Faults} met by a fault; {world.Faults.Waiting.Count} faults waiting.</p>\n");
        page.Append(
            "<p><a href=\"/_sim/state\">state</a> · <a href=\"/_sim/requests\">requests</a> · <a href=\"/_sim/settings\">settings</a> · "
            + "<a href=\"/_sim/faults\">faults</a> · European data center: base URL with <code>/eu</code></p></body></html>\n");
        return page.ToString();
    }

    private static void AppendProject(StringBuilder page, SimulatedProject project)
    {
        int users;
        lock (project.Gate)
            users = project.Users.Count;
        page.Append(null, $"<h3>{WebUtility.HtmlEncode(project.Options.Name)} <small>project {project.Id}, {ControlJson.Name(project.Type)}, {ControlJson.Name(project.Options.DataCenter)}, {users} users</small></h3>");
        page.Append("<table><tr><th>List</th><th>Name</th><th>Type</th><th>Members</th></tr>");
        foreach (var list in project.Lists())
        {
            int members;
            lock (project.Gate)
                members = list.Accepted().Count;
            page.Append(null, $"<tr><td>{list.Id}</td><td>{WebUtility.HtmlEncode(list.Name)}</td><td>{list.Type}</td><td>{members}</td></tr>");
        }

        page.Append("</table>\n");
    }
}
