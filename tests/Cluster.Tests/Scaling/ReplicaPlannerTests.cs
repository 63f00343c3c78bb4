using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Scaling;

namespace XLLM.Cluster.Tests.Scaling;

/// <summary>The plan alone: looks go in, actions come out.</summary>
public sealed class ReplicaPlannerTests
{
    private static readonly ResidenceRules Rules = new(IdleUnload: null, MinResidence: TimeSpan.FromSeconds(10));

    [Fact]
    public void Plan_LoadsWhatIsMissing_OnSilosThatKnowTheModelAndDoNotHaveIt()
    {
        var plan = ReplicaPlanner.Plan([Wanted("m", 2)], [Silo("a", ["m"], Ready("m")), Silo("b", ["m"]), Silo("c", ["other"])], Rules);

        Assert.Equal([("Load", "b", "m")], Actions(plan));
        Assert.Empty(plan.Obstacles);
    }

    [Fact]
    public void Plan_SaysWhy_WhenNoFurtherSiloCanHaveOne()
    {
        var plan = ReplicaPlanner.Plan([Wanted("m", 3)], [Silo("a", ["m"], Ready("m")), Silo("b", ["m"])], Rules);

        Assert.Equal([("Load", "b", "m")], Actions(plan));
        Assert.Contains("3 replicas", plan.Obstacles["m"], StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_LoadsAnywhere_WhenThePathIsGiven() =>
        Assert.Equal([("Load", "a", "m")], Actions(ReplicaPlanner.Plan([new WantedModel(new ModelPlace("m", "/models/m"), 1, Asleep: false, Demanded: false)], [Silo("a", [])], Rules)));

    [Fact]
    public void Plan_CountsWhatIsOnItsWay() =>
        Assert.Empty(ReplicaPlanner.Plan([Wanted("m", 1)], [Silo("a", ["m"], Loading("m")), Silo("b", ["m"])], Rules).Actions);

    [Fact]
    public void Plan_ReplacesAReplica_WhoseSiloDrains_AndLeavesThatSiloAlone()
    {
        var draining = Silo("a", ["m"], Ready("m"));
        draining = draining with { Report = draining.Report with { State = SiloState.Draining } };

        Assert.Equal([("Load", "b", "m")], Actions(ReplicaPlanner.Plan([Wanted("m", 1)], [draining, Silo("b", ["m"])], Rules)));
    }

    [Fact]
    public void Plan_DoesNotTryAgain_WhereLoadingFailedAShortWhileAgo()
    {
        var plan = ReplicaPlanner.Plan([Wanted("m", 1)], [Silo("a", ["m"]) with { Failed = new HashSet<string> { "m" } }], Rules);

        Assert.Empty(plan.Actions);
        Assert.Contains("failed", plan.Obstacles["m"], StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_UnloadsTheLeastBusyReplica_WhenThereAreTooMany() =>
        Assert.Equal([("Unload", "b", "m")], Actions(ReplicaPlanner.Plan([Wanted("m", 1)], [Silo("a", ["m"], Ready("m", running: 2)), Silo("b", ["m"], Ready("m", running: 1))], Rules)));

    [Fact]
    public void Plan_LeavesAModelAlone_OfWhichNothingIsWanted() =>
        Assert.Empty(ReplicaPlanner.Plan([Wanted("m", null)], [Silo("a", ["m"], Ready("m")), Silo("b", ["m"])], Rules).Actions);

    [Fact]
    public void Plan_LoadsOne_WhenARequestWantsAModelThatNobodyHas() =>
        Assert.Equal([("Load", "a", "m")], Actions(ReplicaPlanner.Plan([Wanted("m", null, demanded: true)], [Silo("a", ["m"]), Silo("b", ["m"])], Rules)));

    [Fact]
    public void Plan_UnloadsABrokenEngine_AndLoadsElsewhereAtOnce() =>
        Assert.Equal(
            [("Unload", "a", "m"), ("Load", "b", "m")],
            Actions(ReplicaPlanner.Plan([Wanted("m", 1)], [Silo("a", ["m"], Ready("m") with { State = LoadedState.Failed }), Silo("b", ["m"])], Rules)));

    [Fact]
    public void Plan_LeavesABrokenEngine_ToItsSilosSupervisor_WhereNothingIsWanted() =>
        Assert.Empty(ReplicaPlanner.Plan([Wanted("m", null)], [Silo("a", ["m"], Ready("m") with { State = LoadedState.Failed }), Silo("b", ["m"])], Rules).Actions);

    [Theory]
    [InlineData(59, false)]
    [InlineData(60, true)]
    public void Plan_SendsAModelToSleep_WhenNobodyUsedItForLongEnough(int idleSeconds, bool sleeps)
    {
        var plan = ReplicaPlanner.Plan([Wanted("m", 1)], [Silo("a", ["m"], Ready("m", idleSeconds))], Rules with { IdleUnload = TimeSpan.FromMinutes(1) });

        Assert.Equal(sleeps ? [("Unload", "a", "m")] : [], Actions(plan));
        Assert.Equal(sleeps ? ["m"] : [], plan.FallAsleep);
    }

    [Fact]
    public void Plan_KeepsAModelAwake_WhileOneOfItsReplicasIsUsed() =>
        Assert.Empty(ReplicaPlanner.Plan(
            [Wanted("m", 2)], [Silo("a", ["m"], Ready("m", idleSeconds: 600)), Silo("b", ["m"], Ready("m", idleSeconds: 600, running: 1))], Rules with { IdleUnload = TimeSpan.FromMinutes(1) }).Actions);

    [Fact]
    public void Plan_LeavesASleeperAsleep_UntilItIsDemanded()
    {
        Assert.Empty(ReplicaPlanner.Plan([Wanted("m", 1, asleep: true)], [Silo("a", ["m"])], Rules).Actions);
        Assert.Equal([("Load", "a", "m")], Actions(ReplicaPlanner.Plan([Wanted("m", 1, demanded: true)], [Silo("a", ["m"])], Rules)));
    }

    [Fact]
    public void Plan_MakesRoomForADemandedModel_ByTheOneLongestUnused_AndLoadsInTheNextLook()
    {
        WantedModel[] wanted = [Wanted("new", 1, demanded: true), Wanted("old", 1), Wanted("older", 1)];
        var silo = Silo("a", ["new", "old", "older"], Ready("old", idleSeconds: 20, bytes: 40), Ready("older", idleSeconds: 30, bytes: 40)) with { };
        silo = WithBudget(silo, 100, bytesOf: ("new", 50));

        var plan = ReplicaPlanner.Plan(wanted, [silo], Rules);
        Assert.Equal([("Unload", "a", "older")], Actions(plan));
        Assert.Equal(["older"], plan.FallAsleep);

        var roomier = silo with { Report = silo.Report with { Replicas = [Ready("old", idleSeconds: 21, bytes: 40)] } };
        Assert.Equal([("Load", "a", "new")], Actions(ReplicaPlanner.Plan([wanted[0], wanted[1], Wanted("older", 1, asleep: true)], [roomier], Rules)));
    }

    [Fact]
    public void Plan_MakesNoRoom_ForAModelThatNobodyAskedForNow()
    {
        var silo = WithBudget(Silo("a", ["new", "old"], Ready("old", idleSeconds: 600, bytes: 80)), 100, bytesOf: ("new", 50));

        var plan = ReplicaPlanner.Plan([Wanted("new", 1), Wanted("old", 1)], [silo], Rules);
        Assert.Empty(plan.Actions);
        Assert.Equal("it needs 50 bytes, but the roomiest silo, a, has 20 of 100 free", plan.Obstacles["new"]);
    }

    [Fact]
    public void Plan_NeverPushesOut_WhatIsUsed_OrCameAMomentAgo_OrIsDemandedToo()
    {
        var silo = WithBudget(
            Silo("a", ["new", "busy", "young", "asked"], Ready("busy", idleSeconds: 60, running: 1, bytes: 30), Ready("young", idleSeconds: 9, bytes: 30), Ready("asked", idleSeconds: 60, bytes: 30)),
            100,
            bytesOf: ("new", 50));

        var plan = ReplicaPlanner.Plan([Wanted("new", 1, demanded: true), Wanted("busy", 1), Wanted("young", 1), Wanted("asked", 1, demanded: true)], [silo], Rules);
        Assert.Empty(plan.Actions);
        Assert.Contains("new", plan.Obstacles.Keys);
    }

    [Fact]
    public void Plan_PushesOutAllThatIsNeeded_OrNothing()
    {
        var silo = WithBudget(Silo("a", ["new", "x", "y"], Ready("x", idleSeconds: 60, bytes: 30), Ready("y", idleSeconds: 50, bytes: 30)), 100, bytesOf: ("new", 120));

        Assert.Empty(ReplicaPlanner.Plan([Wanted("new", 1, demanded: true), Wanted("x", 1), Wanted("y", 1)], [silo], Rules).Actions);
    }

    [Fact]
    public void Plan_ChoosesTheRoomiestSilo_AndCountsWhatItPlannedItself()
    {
        var (a, b) = (WithBudget(Silo("a", ["m", "n"]), 100, ("m", 60), ("n", 60)), WithBudget(Silo("b", ["m", "n"]), 90, ("m", 60), ("n", 60)));

        Assert.Equal([("Load", "a", "m"), ("Load", "b", "n")], Actions(ReplicaPlanner.Plan([Wanted("m", 1), Wanted("n", 1)], [a, b], Rules)));
    }

    /// <summary>Whatever the start: if loading works, looks and actions in turn reach what is wanted, and then nothing more is planned.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void Plan_ReachesWhatIsWanted_AndRests(int seed)
    {
        var random = new Random(seed);
        string[] names = ["m0", "m1", "m2", "m3"];
        var silos = Enumerable.Range(0, random.Next(1, 6)).Select(i => Silo($"s{i}", names, [.. names.Where(_ => random.Next(3) == 0).Select(name => Ready(name))])).ToArray();
        WantedModel[] wanted = [.. names.Select(name => Wanted(name, random.Next(0, silos.Length + 1)))];

        for (var look = 0; look < 10; look++)
        {
            var plan = ReplicaPlanner.Plan(wanted, silos, Rules);
            if (plan.Actions.Count == 0)
            {
                Assert.All(wanted, model => Assert.Equal(model.Replicas, silos.Count(silo => silo.Report.Replicas.Any(replica => replica.Model == model.Place.Name))));
                return;
            }

            silos = [.. silos.Select(silo => silo with { Report = silo.Report with { Replicas = After(silo, plan) } })];
        }

        Assert.Fail($"seed {seed}: still acting after 10 looks");
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 50)];

    private static LoadedReplica[] After(ModelSilo silo, ReplicaPlan plan) =>
    [
        .. silo.Report.Replicas.Where(replica => !plan.Actions.Any(action => action.Kind == ReplicaActionKind.Unload && action.Silo == silo.Report.Silo && action.Model.Name == replica.Model)),
        .. plan.Actions.Where(action => action.Kind == ReplicaActionKind.Load && action.Silo == silo.Report.Silo).Select(action => Ready(action.Model.Name)),
    ];

    private static IEnumerable<(string, string, string)> Actions(ReplicaPlan plan) => plan.Actions.Select(action => ($"{action.Kind}", action.Silo, action.Model.Name));

    private static WantedModel Wanted(string model, int? replicas, bool asleep = false, bool demanded = false) => new(new ModelPlace(model), replicas, asleep, demanded);

    private static ModelSilo Silo(string name, string[] known, params LoadedReplica[] replicas) =>
        new(new SiloReport { Silo = name, Name = name, KnownModels = [.. known.Select(model => new KnownModel(model, 0))], Replicas = replicas }, new HashSet<string>());

    private static ModelSilo WithBudget(ModelSilo silo, long budget, params (string Model, long Bytes)[] bytesOf) => silo with
    {
        Report = silo.Report with
        {
            MemoryBudgetBytes = budget,
            KnownModels = [.. silo.Report.KnownModels.Select(known => bytesOf.FirstOrDefault(one => one.Model == known.Name) is { Model: not null } one ? known with { Bytes = one.Bytes } : known)],
        },
    };

    private static LoadedReplica Ready(string model, int idleSeconds = 0, int running = 0, long bytes = 0) => new()
    {
        Model = model, State = LoadedState.Ready, Idle = TimeSpan.FromSeconds(idleSeconds), Bytes = bytes, Load = new ReplicaLoad { RunningSequences = running },
    };

    private static LoadedReplica Loading(string model) => new() { Model = model, State = LoadedState.Loading };
}
