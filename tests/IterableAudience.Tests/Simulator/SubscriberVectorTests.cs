using System.Net;
using IterableAudience.Simulator.Projects;
using Xunit;

namespace IterableAudience.Tests.Simulator;

/// <summary>What is documented, recorded or assumed about a row of subscribe and unsubscribe, row by row.</summary>
public sealed class SubscriberVectorTests
{
    private const string Forgotten = "gone@example.com";
    private const string ForgottenId = "gone-1";

    public static TheoryData<string, string, bool, int, string> Subscribes => new()
    {
        // key of the project, row, updateExistingUsersOnly, successes, failure lists
        { "sim-email", """{"email":"sample@example.com"}""", false, 1, "" },
        { "sim-email", """{"email":"user@"}""", false, 0, "invalidEmails=user@" },
        { "sim-email", "", false, 0, "" },
        { "sim-email", """{"email":"known@example.com"}""", false, 1, "" },
        { "sim-email", """{"email":"new@example.com"}""", true, 1, "" },
        { "sim-email", """{"userId":"unknown-1"}""", false, 0, "notFoundUserIds=unknown-1" },
        { "sim-email", """{"userId":"unknown-1","preferUserId":true}""", false, 1, "" },
        { "sim-email", """{"userId":"known-1"}""", false, 1, "" },
        { "sim-email", """{"email":"new@example.com","userId":"known-1"}""", false, 1, "" },
        { "sim-userid", """{"userId":"unknown-1"}""", false, 1, "" },
        { "sim-userid", """{"userId":"unknown-1","preferUserId":true}""", true, 0, "notFoundUserIds=unknown-1" },
        { "sim-userid", """{"userId":"known-1"}""", true, 1, "" },
        { "sim-userid", """{"email":"known@example.com"}""", false, 0, "notFoundEmails=known@example.com" },
        { "sim-hybrid", """{"userId":"unknown-1"}""", false, 1, "" },
        { "sim-hybrid", """{"userId":"unknown-1"}""", true, 0, "notFoundUserIds=unknown-1" },
        { "sim-hybrid", """{"email":"new@example.com"}""", false, 1, "" },
        { "sim-hybrid", """{"email":"New@example.com"}""", true, 0, "notFoundEmails=New@example.com" },
        { "sim-hybrid", """{"email":"new@example.com","userId":"unknown-1"}""", false, 1, "" },
        { "sim-hybrid", """{"email":"known@example.com","userId":"known-1"}""", true, 1, "" },
        { "sim-hybrid", """{"email":"bad@","userId":"padded "}""", false, 0, "invalidEmails=bad@ invalidUserIds=padded " },
        { "sim-hybrid", """{"email":"Gone@Example.com"}""", false, 0, "forgottenEmails=Gone@Example.com" },
        { "sim-hybrid", """{"userId":"gone-1"}""", false, 0, "forgottenUserIds=gone-1" },
        { "sim-hybrid", """{"email":"Broken@example.com"}""", false, 0, "invalidDataEmails=Broken@example.com" },
        { "sim-hybrid", """{"userId":"broken-1"}""", false, 0, "invalidDataUserIds=broken-1" },
        { "sim-hybrid", """{"email":"other@example.com","userId":"known-1"}""", false, 0, "conflictEmails=other@example.com" },
        { "sim-hybrid", """{"email":"known@example.com"},{"email":"KNOWN@example.com"}""", false, 2, "" },
        { "sim-hybrid", """{"email":"tr\u0069cky+tag@example.com"}""", false, 1, "" },
        { "sim-hybrid", """{"email":null,"userId":"known-1","dataFields":{"a":{"b":[1]}},"unknownField":[{}]}""", false, 1, "" },
    };

    public static TheoryData<string, string, int, string> Unsubscribes => new()
    {
        { "sim-email", """{"email":"known@example.com"}""", 1, "" },
        { "sim-email", """{"email":"other@example.com"}""", 1, "" },
        { "sim-email", """{"email":"user@"}""", 0, "invalidEmails=user@" },
        { "sim-email", "", 0, "" },
        { "sim-email", """{"email":"New@example.com"}""", 0, "notFoundEmails=New@example.com" },
        { "sim-userid", """{"userId":"unknown-1"}""", 0, "notFoundUserIds=unknown-1" },
        { "sim-userid", """{"userId":"known-1"}""", 1, "" },
        { "sim-hybrid", """{"userId":"gone-1"}""", 0, "forgottenUserIds=gone-1" },
        { "sim-hybrid", """{"email":"gone@example.com"}""", 0, "forgottenEmails=gone@example.com" },
        { "sim-hybrid", """{"userId":"unknown-1","email":"known@example.com"}""", 0, "notFoundUserIds=unknown-1" },
    };

    [Theory]
    [MemberData(nameof(Subscribes))]
    public async Task A_subscribed_row_ends_as_its_project_says(string apiKey, string rows, bool existingOnly, int successes, string failures)
    {
        await using var simulator = await SeededAsync(apiKey);

        var answer = await simulator.SubscribeAsync(ListOf(simulator), rows, $",\"updateExistingUsersOnly\":{(existingOnly ? "true" : "false")}");

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal((successes, failures), (answer.Successes, answer.Failed));
        Assert.Equal(failures.Length > 0 ? 1 : 0, answer.Failures);
    }

    [Theory]
    [MemberData(nameof(Unsubscribes))]
    public async Task An_unsubscribed_row_ends_as_its_project_says(string apiKey, string rows, int successes, string failures)
    {
        await using var simulator = await SeededAsync(apiKey);

        var answer = await simulator.UnsubscribeAsync(ListOf(simulator), rows, ",\"channelUnsubscribe\":false");

        Assert.Equal((successes, failures), (answer.Successes, answer.Failed));
        Assert.Equal(failures.Length > 0 ? 1 : 0, answer.Failures);
        Assert.Empty(simulator.Project.ChannelOptOuts());
    }

    [Theory]
    [InlineData("o'brien+tag@example.com", true)]
    [InlineData("a@sub.example.co.uk", true)]
    [InlineData("a@[1.2.3.4]", true)]
    [InlineData("John@Example.COM", true)]
    [InlineData("\\\"quoted @ name\\\"@example.com", true)]
    [InlineData("a@b\u00fccher.example.de", true)]
    [InlineData("a@b@example.com", false)]
    [InlineData("joe@localhost", false)]
    [InlineData("x@y.invalidtld", false)]
    [InlineData("joe..b@example.com", false)]
    [InlineData(".a@example.com", false)]
    [InlineData("a.@example.com", false)]
    [InlineData("user @example.com", false)]
    [InlineData(" a@example.com ", false)]
    [InlineData("a@-x.com", false)]
    [InlineData("a@x_y.com", false)]
    [InlineData("a@example.com.", false)]
    [InlineData("@example.com", false)]
    [InlineData("plain", false)]
    [InlineData("", false)]
    public async Task An_address_is_judged_by_its_form(string email, bool valid)
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SubscribeAsync(SimulatorDriver.HybridList, $$"""{"email":"{{email}}"}""");

        Assert.Equal(valid ? 1 : 0, answer.Successes);
        Assert.Equal(valid ? 0 : 1, answer.Json["invalidEmails"]!.AsArray().Count);
        Assert.Equal(valid ? 0 : 1, answer.Json["failedUpdates"]!["invalidEmails"]!.AsArray().Count);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public async Task A_local_part_has_at_most_64_characters(int length, bool valid)
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        var answer = await simulator.SubscribeAsync(SimulatorDriver.HybridList, $$"""{"email":"{{new string('a', length)}}@example.com"}""");

        Assert.Equal(valid ? 1 : 0, answer.Successes);
    }

    [Theory]
    [InlineData("1234567890123456789012345678901234567890123456789012", true)]
    [InlineData("12345678901234567890123456789012345678901234567890123", false)]
    [InlineData("", false)]
    [InlineData("u1 ", false)]
    [InlineData(" u1", true)]
    [InlineData("\u00e91", false)]
    [InlineData("a\\tb", false)]
    public async Task A_userId_is_judged_by_its_form(string userId, bool valid)
    {
        await using var simulator = await SimulatorDriver.StartAsync("sim-userid");

        var answer = await simulator.SubscribeAsync(SimulatorDriver.UserIdList, $$"""{"userId":"{{userId}}"}""");

        Assert.Equal(valid ? 1 : 0, answer.Successes);
        Assert.Equal(valid ? 0 : 1, answer.Json["failedUpdates"]!["invalidUserIds"]!.AsArray().Count);
    }

    [Fact]
    public async Task Emails_are_kept_in_lower_case_and_userIds_exactly()
    {
        await using var simulator = await SimulatorDriver.StartAsync();

        await simulator.SubscribeAsync(
            SimulatorDriver.HybridList, """{"email":"John@Example.COM"},{"userId":"User_1"},{"userId":"user_1"},{"userId":" user_1"}""");

        Assert.Equal(
            [new Person("john@example.com", null), new(null, " user_1"), new(null, "User_1"), new(null, "user_1")],
            simulator.Project.Members(SimulatorDriver.HybridList));
    }

    [Fact]
    public async Task A_user_made_by_userId_in_an_email_based_project_has_a_placeholder_address()
    {
        await using var simulator = await SimulatorDriver.StartAsync("sim-email");

        await simulator.SubscribeAsync(SimulatorDriver.EmailList, """{"userId":"u1","preferUserId":true}""");

        var member = Assert.Single(simulator.Project.Members(SimulatorDriver.EmailList));
        Assert.Equal("u1", member.UserId);
        Assert.EndsWith("@placeholder.email", member.Email, StringComparison.Ordinal);
    }

    private static long ListOf(SimulatorDriver simulator) => (simulator.Project.Id * 100L) + 1;

    private static async Task<SimulatorDriver> SeededAsync(string apiKey)
    {
        var simulator = await SimulatorDriver.StartAsync(apiKey);
        var project = simulator.Project;
        project.AddUser("known@example.com", "known-1", listIds: ListOf(simulator));
        project.AddUser("other@example.com", "other-1");
        project.AddUser("broken@example.com", "broken-1", hasInvalidData: true);
        project.Forget(Forgotten, ForgottenId);
        return simulator;
    }
}
