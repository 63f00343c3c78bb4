using XLLM.Simulator.Replicas;

namespace XLLM.Simulator.Reports;

/// <summary>What a replay showed.</summary>
internal sealed class ReplayResult
{
    /// <param name="policy">Name of the policy.</param>
    /// <param name="settings">What was replayed.</param>
    /// <param name="requests">All requests.</param>
    /// <param name="end">Time at which the last one ended.</param>
    /// <param name="replicas">The replicas.</param>
    /// <param name="reasons">Choices by reason.</param>
    public ReplayResult(
        string policy, ReplaySettings settings, IReadOnlyList<SimulatedRequest> requests, double end, IReadOnlyList<SimulatedReplica> replicas, IReadOnlyDictionary<string, int> reasons)
    {
        (Policy, Settings, End, Reasons) = (policy, settings, end, reasons);
        var served = requests.Where(request => !request.Refused).ToArray();
        Requests = requests.Count;
        Refused = requests.Count - served.Length;
        LastArrival = requests.Max(request => request.Arrived);
        HitRate = (double)served.Sum(request => (long)request.CachedTokens) / Math.Max(1, served.Sum(request => (long)request.Trace.InputTokens));
        FirstToken = new Distribution(served.Select(request => request.TimeToFirstToken));
        PerToken = new Distribution(served.Select(request => request.TimePerToken).Where(double.IsFinite));
        var (first, next) = (settings.Routing.FirstTokenObjective.TotalSeconds, settings.Routing.NextTokenObjective.TotalSeconds);
        Met = served.Count(request => request.TimeToFirstToken <= first && !(request.TimePerToken > next));
        Preemptions = replicas.Sum(replica => replica.Preemptions);
        Utilization = replicas.Average(replica => replica.BusySeconds) / end;
        Imbalance = replicas.Max(replica => replica.BusySeconds) / Math.Max(double.Epsilon, replicas.Average(replica => replica.BusySeconds));
    }

    public string Policy { get; }

    public ReplaySettings Settings { get; }

    public int Requests { get; }

    public int Refused { get; }

    /// <summary>When the last request came, in seconds.</summary>
    public double LastArrival { get; }

    /// <summary>When the last request ended, in seconds.</summary>
    public double End { get; }

    /// <summary>Part of all prompt tokens that were taken from a cache.</summary>
    public double HitRate { get; }

    /// <summary>Seconds to the first token.</summary>
    public Distribution FirstToken { get; }

    /// <summary>Mean seconds per token after the first, by request.</summary>
    public Distribution PerToken { get; }

    /// <summary>Requests that met both objectives.</summary>
    public int Met { get; }

    /// <summary>Part of all requests that met both objectives.</summary>
    public double Attainment => (double)Met / Requests;

    /// <summary>Requests per second that met both objectives.</summary>
    public double Goodput => Met / End;

    public long Preemptions { get; }

    /// <summary>Part of the time that replicas computed.</summary>
    public double Utilization { get; }

    /// <summary>Computing time of the busiest replica over the mean.</summary>
    public double Imbalance { get; }

    /// <summary>Choices by reason.</summary>
    public IReadOnlyDictionary<string, int> Reasons { get; }
}
