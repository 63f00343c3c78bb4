namespace XLLM.Silo.Scheduling;

/// <summary>The admission orders of this build. An order is a class and a line here.</summary>
internal static class AdmissionOrders
{
    private static readonly IAdmissionOrder[] All = [new PriorityOrder(), new FirstComeFirstServed()];

    /// <summary>All names, the default first.</summary>
    public static IEnumerable<string> Names => All.Select(order => order.Name);

    /// <summary>The order of that name, or null.</summary>
    public static IAdmissionOrder? Find(string name) => Array.Find(All, order => order.Name == name);
}
