using IterableAudience.Simulator.Projects;
using Xunit;

namespace IterableAudience.Tests.Simulator;

public sealed class IdentityConflictTests
{
    private const long List = SimulatorDriver.HybridList;

    [Fact]
    public async Task An_email_that_nobody_holds_moves_to_the_userId()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        await simulator.SubscribeAsync(List, """{"email":"old@example.com","userId":"u1"}""");

        await simulator.SubscribeAsync(List, """{"email":"new@example.com","userId":"u1"}""");

        Assert.Equal([new Person("new@example.com", "u1")], simulator.Project.People());
        Assert.Equal([new Person("new@example.com", "u1")], simulator.Project.Members(List));
    }

    [Fact]
    public async Task A_user_known_by_email_alone_gets_the_userId()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        await simulator.SubscribeAsync(List, """{"email":"a@example.com"}""");

        await simulator.SubscribeAsync(List, """{"email":"a@example.com","userId":"u1"}""");

        Assert.Equal([new Person("a@example.com", "u1")], simulator.Project.People());
    }

    [Fact]
    public async Task An_email_conflicts_until_its_holder_has_moved_on()
    {
        await using var simulator = await SimulatorDriver.StartAsync();
        simulator.Project.AddUser("shared@example.com", "holder");
        const string Taker = """{"email":"shared@example.com","userId":"taker"}""";

        var early = await simulator.SubscribeAsync(List, Taker);
        await simulator.SubscribeAsync(List, """{"email":"moved@example.com","userId":"holder"}""");
        var late = await simulator.SubscribeAsync(List, Taker);

        Assert.Equal("conflictEmails=shared@example.com", early.Failed);
        Assert.Equal(1, late.Successes);
        Assert.Equal([new Person("moved@example.com", "holder"), new("shared@example.com", "taker")], simulator.Project.Members(List));
    }

    [Fact]
    public async Task A_conflict_can_name_a_profile_that_the_request_does_not()
    {
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { Conflicts = ConflictNaming.Holder });
        simulator.Project.AddUser("shared@example.com", "holder");

        var answer = await simulator.SubscribeAsync(List, """{"email":"shared@example.com","userId":"taker"}""");

        Assert.Equal("conflictUserIds=holder", answer.Failed);
    }

    [Fact]
    public async Task A_conflict_can_name_another_row_that_succeeds()
    {
        await using var simulator = await SimulatorDriver.StartAsync(behaviour: new Behaviour { Conflicts = ConflictNaming.Holder });
        simulator.Project.AddUser("shared@example.com", "holder");

        var answer = await simulator.SubscribeAsync(
            List, """{"email":"shared@example.com","userId":"taker"},{"email":"moved@example.com","userId":"holder"}""");

        Assert.Equal(("conflictUserIds=holder", 1), (answer.Failed, answer.Successes));
        Assert.Equal([new Person("moved@example.com", "holder")], simulator.Project.Members(List));
    }

    [Fact]
    public async Task In_an_email_based_project_the_first_user_of_a_repeated_userId_is_found()
    {
        await using var simulator = await SimulatorDriver.StartAsync("sim-email");
        await simulator.SubscribeAsync(SimulatorDriver.EmailList, """{"email":"a@example.com","userId":"u"},{"email":"b@example.com","userId":"u"}""");

        await simulator.UnsubscribeAsync(SimulatorDriver.EmailList, """{"userId":"u"}""");
        simulator.Project.Forget("a@example.com", null);
        await simulator.UnsubscribeAsync(SimulatorDriver.EmailList, """{"userId":"u"}""");

        Assert.Equal([new Person("b@example.com", "u")], simulator.Project.People());
        Assert.Empty(simulator.Project.Members(SimulatorDriver.EmailList));
    }

    [Fact]
    public async Task In_a_userId_based_project_two_users_may_have_one_email()
    {
        await using var simulator = await SimulatorDriver.StartAsync("sim-userid");

        var answer = await simulator.SubscribeAsync(
            SimulatorDriver.UserIdList, """{"email":"a@example.com","userId":"u1"},{"email":"a@example.com","userId":"u2"}""");

        Assert.Equal(2, answer.Successes);
        Assert.Equal(2, simulator.Project.Members(SimulatorDriver.UserIdList).Count);
    }
}
